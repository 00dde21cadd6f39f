// The official TypeScript SDK client, driven from a test: lists tools, calls one, prints what it saw as JSON.
// Arguments: URL, access token, mode ("legacy" or "auto"), tool, arguments as JSON.
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";

const [url, token, mode, tool, argumentsText] = process.argv.slice(2);
const transport = new StreamableHTTPClientTransport(new URL(url), {
  requestInit: { headers: { Authorization: `Bearer ${token}` } },
});
const client = new Client({ name: "countersign-test", version: "1.0.0" }, { versionNegotiation: { mode } });
await client.connect(transport);
const { tools } = await client.listTools();
const result = await client.callTool({ name: tool, arguments: JSON.parse(argumentsText) });
console.log(JSON.stringify({ tools: tools.map((each) => each.name), result, session: transport.sessionId ?? null }));
await client.close();
