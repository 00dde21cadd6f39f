// The official TypeScript SDK client, waiting for an approval: its person opens every page that it is asked to open.
// Arguments: URL, access token, mode ("legacy" or "auto"), tool, arguments as JSON. Each page is printed as a line of
// its own ("page <url>") as it is opened; the last line is the result as JSON.
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";

const [url, token, mode, tool, argumentsText] = process.argv.slice(2);
const transport = new StreamableHTTPClientTransport(new URL(url), {
  requestInit: { headers: { Authorization: `Bearer ${token}` } },
});
const client = new Client(
  { name: "countersign-test", version: "1.0.0" },
  { versionNegotiation: { mode }, capabilities: { elicitation: { url: {} } } },
);
client.setRequestHandler("elicitation/create", async (request) => {
  console.log(`page ${request.params.url}`);
  return { action: "accept" };
});
await client.connect(transport);
try {
  const result = await client.callTool({ name: tool, arguments: JSON.parse(argumentsText) });
  console.log(JSON.stringify({ result }));
} catch (error) {
  console.log(JSON.stringify({ code: error.code, elicitations: error.data?.elicitations ?? error.elicitations ?? null }));
}
await client.close();
