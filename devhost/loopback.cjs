// Loaded before a Node server that cannot be told its address: what would listen everywhere listens on loopback.
"use strict";

const { Server } = require("node:net");

const listen = Server.prototype.listen;

Server.prototype.listen = function (port, ...rest) {
  const everywhere = ["number", "string"].includes(typeof port) && typeof rest[0] !== "string";
  return everywhere ? listen.call(this, Number(port), "127.0.0.1", ...rest) : listen.call(this, port, ...rest);
};
