// names.mjs ZONE : a name server on port 53 for the names of ZONE (JSON: name to address of IPv4).
import { createSocket } from 'node:dgram';

const zone = JSON.parse(process.argv[2]);
const socket = createSocket('udp4');
socket.on('message', (query, from) => {
  const labels = [];
  let at = 12;
  for (; query[at] > 0; at += query[at] + 1)
    labels.push(query.toString('latin1', at + 1, at + 1 + query[at]));
  const end = at + 5;
  const address = zone[labels.join('.').toLowerCase()];
  const found = address !== undefined && query.readUInt16BE(at + 1) === 1;
  const head = Buffer.alloc(12);
  query.copy(head, 0, 0, 2);
  head.writeUInt16BE(address === undefined ? 0x8583 : 0x8580, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(found ? 1 : 0, 6);
  const answer = [
    0xc0,
    12,
    0,
    1,
    0,
    1,
    0,
    0,
    0,
    0,
    0,
    4,
    ...(address ?? '').split('.').map(Number),
  ];
  const parts = [head, query.subarray(12, end), Buffer.from(found ? answer : [])];
  socket.send(Buffer.concat(parts), from.port, from.address);
});
socket.bind(53, '0.0.0.0');
