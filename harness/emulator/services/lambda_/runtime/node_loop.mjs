// A Node.js runtime: fetches events from the Runtime API (C5), calls the handler, posts results.
//
//     node node_loop.mjs <task root> <guard descriptor>
//
// Handlers may be async, return a promise, call back, or stream. Node's own modules and ours beside it only.

import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { Writable } from "node:stream";
import util from "node:util";
import { pathToFileURL } from "node:url";
import { createRequire, register } from "node:module";

import { answerByHttp } from "./node_callbacks.mjs";

const [taskRoot, guard] = process.argv.slice(2);
const [authority, ...prefix] = process.env.AWS_LAMBDA_RUNTIME_API.split("/");
const [host, port] = authority.split(":");
const BASE = `/${prefix.join("/")}/2018-06-01/runtime`;
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
let requestId;

if (process.platform !== "linux") {
  // Elsewhere than on Linux nobody ends this process for us when the emulator dies.
  fs.createReadStream(null, { fd: Number(guard) }).on("end", () => process.kill(0, "SIGKILL")).resume();
}

function call(method, action, body = "", headers = {}) {
  return new Promise((resolve, reject) => {
    const data = Buffer.from(body);
    const options = { host, port, method, agent, path: BASE + action };
    options.headers = { ...headers, "Content-Length": data.length };
    const request = http.request(options, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }));
    });
    request.on("error", reject);
    request.end(data);
  });
}

function write(text) {
  // Synchronous: the line must be in the pipe before the result is posted.
  let data = Buffer.from(text);
  while (data.length) {
    try {
      data = data.subarray(fs.writeSync(1, data));
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
    }
  }
}

for (const [name, level] of [["log", "INFO"], ["info", "INFO"], ["debug", "DEBUG"], ["warn", "WARN"], ["error", "ERROR"], ["trace", "TRACE"]]) {
  console[name] = (...values) => {
    // Line breaks inside one entry are carriage returns on the way, so that it stays one log event.
    const text = util.format(...values).replaceAll("\n", "\r");
    write(`${new Date().toISOString()}\t${requestId}\t${level}\t${text}\n`);
  };
}

const STREAMS = Symbol.for("aws.lambda.runtime.handler.streaming");

// What a streamed answer is written to: each piece is posted at once (C13).
class ResponseStream extends Writable {
  constructor(id) {
    super({ highWaterMark: 65536 });
    this.id = id;
    this.contentType = "application/octet-stream";
    this.before = undefined;
  }

  setContentType(type) {
    this.contentType = type;
  }

  _write(chunk, encoding, callback) {
    const data = Buffer.from(chunk, encoding);
    const head = this.before ?? Buffer.alloc(0);
    this.before = undefined;
    call("POST", `/invocation/${this.id}/stream`, Buffer.concat([head, data]), { "Content-Type": this.contentType })
      .then((answer) => callback(answer.status === 202 ? null : new Error("the response is too large")), callback);
  }

  _final(callback) {
    if (this.before) this._write(Buffer.alloc(0), undefined, callback);
    else callback();
  }
}

globalThis.awslambda = {
  streamifyResponse(handler, options) {
    handler[STREAMS] = "response";
    if (options?.highWaterMark !== undefined) handler[Symbol.for("aws.lambda.runtime.handler.streaming.highWaterMark")] = parseInt(options.highWaterMark, 10);
    return handler;
  },
  HttpResponseStream: class {
    // Status, headers and cookies go ahead of the body, as JSON that ends in eight zero bytes.
    static from(stream, metadata) {
      stream.setContentType("application/vnd.awslambda.http-integration-response");
      stream.before = Buffer.concat([Buffer.from(JSON.stringify(metadata)), Buffer.alloc(8)]);
      return stream;
    }
  },
};

class RuntimeError extends Error {
  constructor(type, message) {
    super(message);
    this.name = type;
    this.stack = `${type}: ${message}`;
  }
}

async function findHandler(name) {
  const folder = path.dirname(name);
  const [moduleName, ...members] = path.basename(name).split(".");
  if (!members.length) throw new RuntimeError("Runtime.MalformedHandlerName", "Bad handler");
  const base = path.join(taskRoot, folder, moduleName);
  const file = [base + ".js", base + ".mjs", base + ".cjs", base].find((f) => fs.existsSync(f) && fs.statSync(f).isFile());
  if (!file) {
    throw new RuntimeError("Runtime.ImportModuleError", `Error: Cannot find module '${moduleName}'`);
  }
  // The hooks' thread costs memory and start-up time: only for code that may need it.
  if (isModule(file)) register("./node_path.mjs", import.meta.url);
  let module;
  try {
    module = await import(pathToFileURL(file).href);
  } catch (error) {
    if (error instanceof SyntaxError) throw new RuntimeError("Runtime.UserCodeSyntaxError", `SyntaxError: ${error.message}`);
    if (error?.code === "MODULE_NOT_FOUND" || error?.code === "ERR_MODULE_NOT_FOUND") {
      throw new RuntimeError("Runtime.ImportModuleError", `Error: ${error.message.split("\n")[0]}`);
    }
    throw error;
  }
  const find = (root) => members.reduce((value, member) => value?.[member], root);
  const handler = find(module) ?? find(module.default);
  if (typeof handler !== "function") {
    throw new RuntimeError("Runtime.HandlerNotFound", `${name} is undefined or not exported`);
  }
  return handler;
}

function isModule(file) {
  if (!file.endsWith(".js")) return file.endsWith(".mjs");
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    const manifest = path.join(folder, "package.json");
    if (fs.existsSync(manifest)) {
      try {
        return JSON.parse(fs.readFileSync(manifest, "utf8")).type === "module";
      } catch {
        return false;
      }
    }
    if (folder === taskRoot || folder === path.dirname(folder)) return false;
  }
}

function describe(error) {
  const known = error instanceof Error;
  return {
    errorType: known ? error.name : typeof error,
    errorMessage: known ? error.message : String(error),
    trace: known ? String(error.stack).split("\n") : [],
  };
}

function context(headers, done) {
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
  const given = headers["lambda-runtime-client-context"];
  return {
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: given ? JSON.parse(given) : undefined,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
    done: (error, result) => done(error, result),
    succeed: (result) => done(null, result),
    fail: (error) => done(error ?? "handled", null),
  };
}

async function stream(handler, event, headers) {
  const answer = new ResponseStream(requestId);
  const finished = new Promise((resolve, reject) => answer.on("finish", resolve).on("error", reject));
  finished.catch(() => {}); // a handler that fails is told of first
  await handler(event, answer, context(headers, () => {}));
  if (!answer.writableEnded) answer.end();
  await finished;
}

function run(handler, event, headers) {
  return new Promise((resolve, reject) => {
    const done = (error, result) => (error === null || error === undefined ? resolve(result) : reject(error));
    const result = handler(event, context(headers, done), done);
    if (typeof result?.then === "function") result.then(resolve, reject);
    else if (handler.length < 3 && result !== undefined) resolve(result);
    else if (handler.length < 2) resolve(result);
  });
}

process.on("uncaughtException", (error) => fatal("Uncaught Exception", error));
process.on("unhandledRejection", (error) => fatal("Unhandled Promise Rejection", new RuntimeError("Runtime.UnhandledPromiseRejection", String(error))));

function fatal(kind, error) {
  const payload = describe(error);
  console.error(kind, JSON.stringify(payload));
  const action = requestId ? `/invocation/${requestId}/error` : "/init/error";
  call("POST", action, JSON.stringify(payload), { "Lambda-Runtime-Function-Error-Type": payload.errorType }).finally(() => process.exit(129));
}

async function main() {
  answerByHttp(process.env.AWS_ENDPOINT_URL);
  globalThis.require ??= createRequire(pathToFileURL(path.join(taskRoot, "/")).href);
  let handler;
  try {
    handler = await findHandler(process.env._HANDLER);
  } catch (error) {
    const payload = describe(error);
    console.error("Uncaught Exception", JSON.stringify(payload));
    await call("POST", "/init/error", JSON.stringify(payload), { "Lambda-Runtime-Function-Error-Type": payload.errorType });
    process.exit(1);
  }
  for (;;) {
    const next = await call("GET", "/invocation/next");
    requestId = next.headers["lambda-runtime-aws-request-id"];
    process.env._X_AMZN_TRACE_ID = next.headers["lambda-runtime-trace-id"] ?? "";
    try {
      if (handler[STREAMS]) {
        await stream(handler, JSON.parse(next.body), next.headers);
        await call("POST", `/invocation/${requestId}/response`);
        continue;
      }
      const result = await run(handler, JSON.parse(next.body), next.headers);
      const text = JSON.stringify(result === undefined ? null : result);
      await call("POST", `/invocation/${requestId}/response`, text);
    } catch (error) {
      const payload = describe(error);
      console.error("Invoke Error", JSON.stringify(payload));
      await call("POST", `/invocation/${requestId}/error`, JSON.stringify(payload), { "Lambda-Runtime-Function-Error-Type": payload.errorType });
    }
  }
}

main();
