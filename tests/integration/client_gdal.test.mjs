// GDAL reads windows of a tiled GeoTIFF: its head, then the tiles of a window, which lie in several runs; as a request each,
// at once, or as one request of several ranges.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { costs, given, noProgram, run, story, workplace } from '../support/clients.mjs';
import { content, sha256 } from '../support/content.mjs';
import { KiB, startStack } from '../support/stack.mjs';

const skip = noProgram('gdal_translate');
const page = 64 * KiB;
const side = 2048;
/// x, y, width, height: tiles in four runs; in eight, of which some are there already; the upper edge, which is one run.
const windows = [[300, 300, 900, 900], [1400, 100, 500, 1800], [0, 0, side, 300]];

/// A tiled GeoTIFF of three bands of noise: its path.
async function makeTiff(directory) {
  const pixels = path.join(directory, 'noise.ppm');
  const tiff = path.join(directory, 'tiled.tif');
  fs.writeFileSync(pixels, Buffer.concat([Buffer.from(`P6\n${side} ${side}\n255\n`), content('tiff', 0, side * side * 3)]));
  await run('gdal_translate', ['-q', '-of', 'GTiff', '-co', 'TILED=YES', '-co', 'COMPRESS=DEFLATE', pixels, tiff]);
  return tiff;
}

/// The hash of each window of `from`, as GDAL reads it; `multirange`: its GDAL_HTTP_MULTIRANGE.
async function readWindows(directory, from, multirange = 'YES') {
  const out = path.join(directory, 'window.ppm');
  const hashes = [];
  for (const window of windows) {
    await run('gdal_translate', ['-q', '-of', 'PNM', '-srcwin', ...window.map(String), from, out], {
      env: { GDAL_HTTP_MULTIRANGE: multirange, GDAL_DISABLE_READDIR_ON_OPEN: 'EMPTY_DIR', GDAL_PAM_ENABLED: 'NO' },
    });
    hashes.push(sha256(fs.readFileSync(out)));
  }
  return hashes;
}

/// The bytes of all pages that clients asked for.
function pagesAsked(s, size) {
  const pages = new Set();
  for (const [, first, last] of given(s).flatMap(({ range }) => [...(range ?? '').matchAll(/(\d+)-(\d+)/g)])) {
    for (let i = Math.floor(first / page); i <= Math.floor(last / page); i++) pages.add(i);
  }
  return [...pages].reduce((sum, i) => sum + Math.min(page, size - i * page), 0);
}

test('windows of a GeoTIFF, several ranges at once', { skip }, async (t) => {
  const directory = workplace(t);
  const tiff = await makeTiff(directory);
  const bytes = fs.readFileSync(tiff);
  const local = await readWindows(directory, tiff);
  for (const multirange of ['YES', 'SINGLE_GET']) {
    await t.test(multirange === 'YES' ? 'a request each' : 'in one request', async (t) => {
      const s = await startStack(t, { originOptions: { delay: 20, rate: 40e6 } });
      s.origin.put('tiled.tif', { bytes, contentType: 'image/tiff' });
      const read = () => readWindows(directory, `/vsicurl/${s.sluice.url}/media/tiled.tif`, multirange);
      assert.deepEqual(await read(), local);
      const cold = await costs(s);
      const asked = pagesAsked(s, bytes.length);
      t.diagnostic(`${bytes.length} bytes, asked for ${asked}: ${JSON.stringify(cold)}`);
      assert.equal(given(s).some(({ range }) => range?.includes(',')), multirange === 'SINGLE_GET', story(s));
      assert.equal(cold.bypassed, 0, story(s));
      assert.ok(cold.fetched >= asked, story(s));
      assert.ok(cold.fetched <= 1.3 * asked + cold.overlapped, story(s));
      assert.ok(cold.gets <= 32, story(s));
      assert.deepEqual(await read(), local, 'again');
      assert.equal((await costs(s)).gets, cold.gets, `again, from the cache: ${story(s)}`);
    });
  }
});
