const { createServer } = require("node:http");
const hello = require("hello");

const server = createServer((request, response) => {
  response.setHeader("content-type", "text/plain; charset=utf-8");
  response.end(hello(process.env.XHOST_USER ?? "world"));
});

server.listen(Number(process.env.PORT));

// Requests that have begun are finished before the process ends.
process.on("SIGTERM", () => server.close(() => process.exit(0)));
