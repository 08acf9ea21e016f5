/** The socket of one's own uploads: reconnects by itself and asks for what it missed. */

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15000;
const PING_MS = 25000;
const SILENCE_MS = 60000;
const SIGNED_OUT = 4401;

/** Call `onEvent` with each event of /ws/documents/, in order, for as long as the page is open. */
export function followDocuments(onEvent) {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  let after = null;
  let wait = FIRST_WAIT_MS;

  function connect() {
    const socket = new WebSocket(`${scheme}://${location.host}/ws/documents/`);
    let heard = Date.now();
    const pinging = setInterval(() => {
      if (Date.now() - heard > SILENCE_MS) {
        socket.close();
      } else if (socket.readyState === WebSocket.OPEN) {
        socket.send(JSON.stringify({ type: "ping" }));
      }
    }, PING_MS);
    socket.addEventListener("open", () => {
      socket.send(JSON.stringify({ type: "follow", after }));
    });
    socket.addEventListener("message", (message) => {
      heard = Date.now();
      wait = FIRST_WAIT_MS;
      const event = JSON.parse(message.data);
      if (event.type === "document.progress" || event.type === "document.deleted" || event.type === "documents.snapshot") {
        after = event.seq;
        onEvent(event);
      }
    });
    socket.addEventListener("close", (event) => {
      clearInterval(pinging);
      if (event.code !== SIGNED_OUT) {
        setTimeout(connect, wait);
        wait = Math.min(wait * 2, LONGEST_WAIT_MS);
      }
    });
  }

  connect();
}
