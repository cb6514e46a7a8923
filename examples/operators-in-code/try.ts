// Plays six readings of two rooms, a browser and who is on duty, until both rooms have their average.
const address = `ws://127.0.0.1:${process.env['PORT'] ?? 8080}`;

function open(path: string): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(address + path);
    socket.onopen = () => resolve(socket);
    socket.onerror = () => reject(new Error(`expected main.ts to listen at ${address}: start it first`));
  });
}

const browser = await open('/rooms');
const duty = await open('/alarms');
const thermometers = await open('/readings');

const rooms = new Set<string>();
browser.onmessage = ({ data }) => {
  console.log(`rooms  ${data}`);
  rooms.add((JSON.parse(String(data)) as { room: string }).room);
  if (rooms.size === 2) for (const socket of [browser, duty, thermometers]) socket.close();
};
duty.onmessage = ({ data }) => console.log(`alarms ${data}`);

for (const celsius of [20, 21, 31]) thermometers.send(JSON.stringify({ room: 'hall', celsius }));
for (const celsius of [35, 36, 37]) thermometers.send(JSON.stringify({ room: 'attic', celsius }));
thermometers.send('{"room":"cellar"}');
