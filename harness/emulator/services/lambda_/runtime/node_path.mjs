// ES modules from the folders of NODE_PATH, which Lambda's Node.js finds from version 18 on and plain Node.js does not.
// Runs in the thread of Node's module hooks.

import fs from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const folders = (process.env.NODE_PATH ?? "")
  .split(":")
  .filter((folder) => path.basename(folder) === "node_modules" && fs.existsSync(folder))
  .map((folder) => fs.realpathSync(folder));

export async function resolve(specifier, context, next) {
  try {
    return await next(specifier, context);
  } catch (error) {
    if (error?.code !== "ERR_MODULE_NOT_FOUND" || /^[./#]|^[a-z]+:/.test(specifier)) throw error;
    for (const folder of folders) {
      const found = await next(specifier, { ...context, parentURL: pathToFileURL(path.join(folder, "..", "index.js")).href }).catch(() => undefined);
      // Node looks into the folders above as well, which may be the host's.
      if (found && isIn(found.url, folder)) return found;
    }
    throw error;
  }
}

function isIn(url, folder) {
  return url.startsWith("file:") && fs.realpathSync(fileURLToPath(url)).startsWith(folder + path.sep);
}
