import type { WebSocket } from 'ws';

/** Finds connections whose client is gone: a ping every `intervalMs`, closed when no pong comes within `timeoutMs`. */
export function keepAlive(socket: WebSocket, intervalMs: number, timeoutMs: number): void {
  let timer: NodeJS.Timeout;
  const ping = (): void => {
    socket.ping();
    timer = setTimeout(() => socket.terminate(), timeoutMs);
  };
  const rest = (): void => {
    clearTimeout(timer);
    timer = setTimeout(ping, intervalMs);
  };
  rest();
  socket.on('pong', rest);
  socket.once('close', () => {
    clearTimeout(timer);
    socket.off('pong', rest);
  });
}
