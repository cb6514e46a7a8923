// @ts-check
// A weather station to try it with: it says how warm two rooms are, and prints what it is told.
import { createServer } from 'node:net';

const port = Number(process.env['STATION_PORT'] ?? 7070);
createServer((socket) => {
  let celsius = 21;
  const timer = setInterval(() => {
    celsius += 0.2;
    socket.write(`room=hall&celsius=${celsius.toFixed(1)}\nroom=attic&celsius=30\n`);
  }, 1000);
  socket.on('data', (chunk) => process.stdout.write(chunk));
  socket.on('error', () => undefined);
  socket.on('close', () => clearInterval(timer));
}).listen(port, '127.0.0.1', () => console.log(`a station at tcp://127.0.0.1:${port}`));
