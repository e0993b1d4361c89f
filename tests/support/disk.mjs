// What lies in a cache directory, looked at from outside and without knowing its layout.
import fs from 'node:fs';
import path from 'node:path';

/// All regular files beneath `directory`: [{file, size, used: bytes on the disk}]. Files may go while we look.
export function filesIn(directory) {
  const found = [];
  for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
    const file = path.join(directory, entry.name);
    try {
      if (entry.isDirectory()) found.push(...filesIn(file));
      else if (entry.isFile()) {
        const stat = fs.statSync(file);
        found.push({ file, size: stat.size, used: stat.blocks * 512 });
      }
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
    }
  }
  return found;
}

export const bytesUsed = (directory) => filesIn(directory).reduce((sum, { used }) => sum + used, 0);

/// Looks at the directory's size again and again until `stop()`, which gives the most that was seen.
export function watchSize(directory, every = 10) {
  let most = 0;
  const look = () => (most = Math.max(most, bytesUsed(directory)));
  const timer = setInterval(look, every);
  return {
    stop() {
      clearInterval(timer);
      look();
      return most;
    },
  };
}

/// Where the bytes `needle` lie: [{file, offset}].
export function findBytes(directory, needle) {
  const places = [];
  for (const { file } of filesIn(directory)) {
    const bytes = fs.readFileSync(file);
    for (let at = bytes.indexOf(needle); at >= 0; at = bytes.indexOf(needle, at + 1)) places.push({ file, offset: at });
  }
  return places;
}

/// Turns one byte of a file over.
export function flipByte({ file, offset }) {
  const handle = fs.openSync(file, 'r+');
  try {
    const byte = Buffer.alloc(1);
    fs.readSync(handle, byte, 0, 1, offset);
    byte[0] ^= 0x55;
    fs.writeSync(handle, byte, 0, 1, offset);
  } finally {
    fs.closeSync(handle);
  }
}
