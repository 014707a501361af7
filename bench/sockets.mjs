import { io } from 'socket.io-client';
import { WebSocket } from 'ws';

const MARK = '"content":"b|';

/** Fields of the benchmark's content `b|conversation|sender|n|…` and the message's seq (0: none), without parsing JSON. */
function readMark(text, from) {
  const fields = text.slice(from, from + 60).split('|', 4);
  const at = text.indexOf('"seq":');
  return {
    conv: Number(fields[1]),
    sender: Number(fields[2]),
    n: Number(fields[3]),
    seq: at < 0 ? 0 : parseInt(text.slice(at + 6, at + 18), 10),
  };
}

/**
 * A client that costs less than the server it measures: Socket.IO v4 text frames over ws. Of a delivery it reads the mark
 * only; acknowledgements are looked at for `"ok":true`.
 */
export function connectLean(url, auth, { onDelivery, onLost }) {
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(`${url.replace(/^http/, 'ws')}/socket.io/?EIO=4&transport=websocket`, {
      perMessageDeflate: false,
    });
    const acks = new Map();
    let id = 0;
    let up = false;
    let closing = false;
    const socket = {
      send(body, answer) {
        acks.set(id, answer);
        ws.send(`42${id}["message",${JSON.stringify(body)}]`);
        id += 1;
      },
      /** Any event; `answer` is called with the acknowledgement. */
      call(event, payload, answer) {
        acks.set(id, (_ok, text) => answer(JSON.parse(text.slice(text.indexOf('[')))[0]));
        ws.send(`42${id}${JSON.stringify([event, payload])}`);
        id += 1;
      },
      close() {
        closing = true;
        ws.close();
      },
    };
    ws.on('error', reject);
    ws.on('close', (code) => {
      if (!up) reject(new Error(`closed with ${code} before it was admitted`));
      else if (!closing) onLost(code);
    });
    ws.on('message', (data) => {
      const text = data.toString('utf8');
      if (text.startsWith('42["message_received",')) {
        const at = text.indexOf(MARK);
        if (at >= 0) onDelivery(readMark(text, at + 11));
      } else if (text.startsWith('43')) {
        const bracket = text.indexOf('[');
        const key = Number(text.slice(2, bracket));
        const answer = acks.get(key);
        acks.delete(key);
        answer?.(text.startsWith('{"ok":true', bracket + 1), text);
      } else if (text === '2') {
        ws.send('3');
      } else if (text[0] === '0') {
        ws.send(`40${JSON.stringify(auth)}`);
      } else if (text.startsWith('40')) {
        up = true;
        resolve(socket);
      } else if (text.startsWith('44')) {
        reject(new Error(text));
        ws.close();
      }
    });
  });
}

/** The client that applications use; it needs about as much CPU as a server does. */
export function connectReal(url, auth, { onDelivery, onLost }) {
  return new Promise((resolve, reject) => {
    const client = io(url, { transports: ['websocket'], forceNew: true, reconnection: false, auth });
    const socket = {
      send: (body, answer) =>
        client.emit('message', body, (result) => answer(result?.ok === true, JSON.stringify(result))),
      close: () => client.removeAllListeners('disconnect').disconnect(),
    };
    client.on('connect', () => resolve(socket));
    client.on('connect_error', reject);
    client.on('disconnect', onLost);
    client.on('message_received', ({ content, seq }) => {
      if (content.startsWith('b|')) {
        const [, conv, sender, n] = content.split('|', 4);
        onDelivery({ conv: Number(conv), sender: Number(sender), n: Number(n), seq: seq ?? 0 });
      }
    });
  });
}
