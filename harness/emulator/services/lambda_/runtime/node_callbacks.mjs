// The answers of custom resources (Custom::…, cfn-response, CDK's providers): code on AWS PUTs them with
// https.request({ hostname, path }), since a ResponseURL there is always https on port 443. The emulator's is plain http on
// its own port, so a request to the path of its callbacks goes there. Every other request is as it was.

import http from "node:http";
import https from "node:https";
import { syncBuiltinESMExports } from "node:module";

const PATH = "/_harness/callbacks/";

export function answerByHttp(endpointUrl) {
  const endpoint = new URL(endpointUrl);
  const secure = https.request;
  https.request = function request(...given) {
    const [options, callback] = normal(given);
    const hostname = options.hostname ?? options.host;
    if (endpoint.protocol !== "http:" || hostname !== endpoint.hostname || !String(options.path).startsWith(PATH)) {
      return secure.apply(this, given);
    }
    const plain = { ...options, protocol: "http:", hostname, host: hostname, port: endpoint.port || 80, agent: undefined };
    return http.request(plain, callback);
  };
  syncBuiltinESMExports();
}

// The forms of the arguments: (url, callback), (url, options, callback), (options, callback).
function normal([first, ...rest]) {
  const url = typeof first === "string" && URL.canParse(first) ? new URL(first) : first;
  if (!(url instanceof URL)) return [typeof first === "object" && first !== null ? first : {}, rest[0]];
  const options = typeof rest[0] === "object" && rest[0] !== null ? rest[0] : {};
  return [{ hostname: url.hostname, path: url.pathname + url.search, ...options }, rest.find((value) => typeof value === "function")];
}
