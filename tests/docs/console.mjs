// Runs programs as they are typed at the console of a page: statement after statement, with the page's address and login.
// Its arguments are where the gateway is, the password, and the programs; it prints what they print.
import vm from "node:vm";

const [origin, password, streaming, talking] = process.argv.slice(2);
const { EventSource, WebSocket } = globalThis;

function asOnThePage(address) {
  const url = new URL(address, origin);
  url.searchParams.set("token", password); // a page has its cookie instead, which Node does not keep
  return url;
}

async function type(program, isReady) {
  for (const statement of program.split("\n\n")) {
    await isReady();
    vm.runInThisContext(statement);
  }
}

async function until(holds) {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

let source, socket;
globalThis.EventSource = function (address) {
  return (source = new EventSource(asOnThePage(address)));
};
globalThis.WebSocket = function (address) {
  return (socket = new WebSocket(asOnThePage(address)));
};

await type(streaming, () => until(() => !source || source.readyState === EventSource.OPEN));
const streamed = new Promise((resolve) => source.addEventListener("done", resolve));
await fetch(asOnThePage("/api/chat"), {
  method: "POST",
  headers: { Authorization: `Bearer ${password}` },
  body: JSON.stringify({ message: "안녕하세요", session: new URL(source.url).searchParams.get("session") }),
});
await streamed;
source.close();

await type(talking, () => until(() => !socket || socket.readyState === WebSocket.OPEN));
await new Promise((resolve) => {
  socket.addEventListener("message", (event) => JSON.parse(event.data).type === "done" && resolve());
});
socket.close();
