// mail.mjs FILE : a mail server on port 25 of this host; what it takes is written to FILE.
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';

const [file] = process.argv.slice(2);
createServer((socket) => {
  const say = (line) => socket.write(`${line}\r\n`);
  let data = false;
  say('220 mail.example.org');
  socket.on('error', () => socket.destroy());
  createInterface(socket).on('line', (line) => {
    if (data && line === '.') {
      data = false;
      say('250 taken');
    } else if (data) appendFileSync(file, `${line}\n`);
    else if (/^DATA/i.test(line)) {
      data = true;
      say('354 go on');
    } else if (/^QUIT/i.test(line)) {
      say('221 bye');
      socket.end();
    } else say('250 good');
  });
}).listen(25, '127.0.0.1');
