#!/usr/bin/env node
// Serves scripts below /cgi-bin/ and /htbin/ by the npm package "cgi", and other files by "serve-static".
//
// The package runs one script, so this program chooses the script: the first path segment below the two directories.
//
//     server.js PORT-FILE ROOT USER GROUP    takes a free port, writes it to PORT-FILE, and gives up root for USER
'use strict';

const fs = require('fs');
const http = require('http');
const path = require('path');
const url = require('url');
const cgi = require('cgi');
const serveStatic = require('serve-static');

// Returns how a path leads into the two directories: {} if it does not, {inside} if it does, and {inside, prefix, script}
// if it names a script there. The package compares `prefix` with the path as sent, so other spellings name no script.
function scriptOf(sent, root) {
  let decoded;
  try {
    decoded = decodeURIComponent(sent);
  } catch {
    return {}; // a malformed escape
  }
  const inside = /^\/(cgi-bin|htbin)\//.test(path.posix.normalize(decoded).replace(/^\/+/, '/'));
  const found = /^(\/(?:cgi-bin|htbin)\/)([^/]+)/.exec(sent);
  if (!inside || !found) return { inside };
  const script = path.join(root, found[1], decodeURIComponent(found[2]));
  const isFile = !script.includes('\0') && fs.statSync(script, { throwIfNoEntry: false })?.isFile();
  return isFile ? { inside, prefix: found[0], script } : { inside };
}

if (process.argv[2] === '--version') {
  console.log(`npm cgi ${require('cgi/package.json').version}, Node ${process.version}`);
} else {
  const [portFile, root, user, group] = process.argv.slice(2);
  // The package throws where no caller can catch it: on a script that cannot start, and on one with bad output.
  process.on('uncaughtException', (error) => console.error(JSON.stringify(error.message)));
  const files = serveStatic(root);
  http.createServer(function serve(request, response) {
    const refuse = () => { response.statusCode = 404; response.end(); };
    const { inside, prefix, script } = scriptOf(url.parse(request.url).pathname || '/', root);
    if (script) {
      const handle = cgi(script, { mountPoint: prefix, cwd: path.dirname(script), stderr: process.stderr });
      handle.call(this, request, response, refuse);
    } else if (inside) {
      refuse();
    } else {
      files(request, response, refuse);
    }
  }).listen(0, '127.0.0.1', function listens() {
    fs.writeFileSync(`${portFile}.new`, String(this.address().port));
    fs.renameSync(`${portFile}.new`, portFile);
    if (process.getuid() === 0) {
      process.setgroups([]);
      process.setgid(group);
      process.setuid(user);
    }
  });
}
