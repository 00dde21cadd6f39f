// The official TypeScript SDK client, signing in from a bare URL as the engineer; prints the tool's result as JSON.
// Arguments: URL, client id, redirect URI, mode ("legacy" or "auto"), customer id.
import { Client, StreamableHTTPClientTransport, UnauthorizedError } from "@modelcontextprotocol/client";

const [url, clientId, redirectUrl, mode, customer] = process.argv.slice(2);
let verifier, tokens, code;
const authProvider = {
  redirectUrl,
  clientMetadata: { redirect_uris: [redirectUrl], token_endpoint_auth_method: "none" },
  clientInformation: () => ({ client_id: clientId }),
  tokens: () => tokens,
  saveTokens: (saved) => void (tokens = saved),
  saveCodeVerifier: (saved) => void (verifier = saved),
  codeVerifier: () => verifier,
  // The person at the browser: signs in as the engineer and is sent back with a code.
  async redirectToAuthorization(address) {
    const signedIn = await fetch(`${address}&login_hint=engineer&prompt=none`, { redirect: "manual" });
    code = new URL(signedIn.headers.get("location")).searchParams.get("code");
  },
};
const open = () => new StreamableHTTPClientTransport(new URL(url), { authProvider });
const client = () => new Client({ name: "countersign-test", version: "1.0.0" }, { versionNegotiation: { mode } });
const first = open();
try {
  await client().connect(first);
  throw new Error("connected without signing in");
} catch (error) {
  if (!(error instanceof UnauthorizedError)) throw error;
}
await first.finishAuth(code);
const signedIn = client();
await signedIn.connect(open());
console.log(JSON.stringify(await signedIn.callTool({ name: "get_customer", arguments: { customer_id: customer } })));
await signedIn.close();
