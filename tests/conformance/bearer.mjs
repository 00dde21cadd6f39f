// Signs the conformance suite's requests to the gateway, since the suite has no option for it. A preload:
// NODE_OPTIONS="--import file://.../bearer.mjs", with the token in BEARER_TOKEN and the gateway's port in BEARER_PORT.
// The suite uses three HTTP stacks: the global fetch, undici's request and node:http. No other port gets the token.
import http from "node:http";
import { getGlobalDispatcher, setGlobalDispatcher } from "undici";

const { BEARER_TOKEN: token, BEARER_PORT: port } = process.env;
if (!token || !port) {
  throw new Error("BEARER_TOKEN and BEARER_PORT must be set");
}
const authorization = `Bearer ${token}`;

const plainFetch = globalThis.fetch;
globalThis.fetch = (resource, options) => {
  const request = new Request(resource, options);
  if (new URL(request.url).port === port) {
    request.headers.set("authorization", authorization);
  }
  return plainFetch(request);
};

// The global fetch ends here too, signed already.
setGlobalDispatcher(
  getGlobalDispatcher().compose((dispatch) => (options, handler) => {
    const { headers, origin } = options;
    const isForGateway = new URL(origin).port === port;
    const isFetch = Array.isArray(headers) || typeof headers?.[Symbol.iterator] === "function";
    return dispatch(isForGateway && !isFetch ? { ...options, headers: { ...headers, authorization } } : options, handler);
  }),
);

const plainRequest = http.request;
http.request = (...given) => {
  const request = plainRequest(...given);
  if (request.getHeader("host")?.endsWith(`:${port}`)) {
    request.setHeader("authorization", authorization);
  }
  return request;
};
