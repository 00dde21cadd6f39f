// The official TypeScript package for tasks (@modelcontextprotocol/ext-tasks), over the official SDK client.
// Arguments: URL, access token, tool, arguments as JSON. Prints a line for each status that it sees, and at last the
// outcome as JSON. The SDK's own codecs know nothing of tasks, so the package takes raw requests: `send` makes them.
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { createTaskSessionFromClient } from "@modelcontextprotocol/ext-tasks/client";

const [url, token, tool, argumentsText] = process.argv.slice(2);
const clientInfo = { name: "countersign-test", version: "1.0.0" };
const authorization = { Authorization: `Bearer ${token}` };
const client = new Client(clientInfo, { versionNegotiation: { mode: "auto" }, capabilities: {} });
await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: authorization } }));

let id = 1000;
let seen = "";
async function send(request) {
  const headers = {
    ...authorization,
    "Content-Type": "application/json",
    Accept: "application/json, text/event-stream",
    "MCP-Protocol-Version": "2026-07-28",
    "Mcp-Method": request.method,
    "Mcp-Name": request.params.taskId ?? request.params.name,
  };
  const body = JSON.stringify({ jsonrpc: "2.0", id: id++, ...request });
  const message = await (await fetch(url, { method: "POST", headers, body })).json();
  if (message.error) return { kind: "error", error: message.error };
  if (message.result.status && message.result.status !== seen) {
    seen = message.result.status;
    console.log(`${request.method} ${message.result.taskId} ${seen}`);
  }
  return { kind: "result", result: message.result };
}

const session = createTaskSessionFromClient(client, {
  endpointId: "countersign",
  rawDispatch: send,
  v2RequestFraming: { protocolVersion: "2026-07-28", clientInfo, clientCapabilities: {} },
});
try {
  const execution = await session.callTool(tool, JSON.parse(argumentsText));
  const { outcome } = await execution.settle();
  console.log(JSON.stringify(outcome));
} finally {
  await session.close();
  await client.close();
}
