// PDF.js opens a PDF by ranges of 64 KiB, and reads it all, or here and there.
import assert from 'node:assert/strict';
import test from 'node:test';
import { checkFetchedOnce, costs, story } from '../support/clients.mjs';
import { randomNumbers } from '../support/content.mjs';
import { makePdf } from '../support/pdf.mjs';
import { noBrowser } from './demo.mjs';
import { openLibrary } from './library.mjs';

const script = `
  import * as pdfjs from './pdf.mjs';
  pdfjs.GlobalWorkerOptions.workerSrc = './pdf.worker.mjs';
  // The text of these pages (counted from 0), one after the other.
  window.readPdf = async (options, pages) => {
    const task = pdfjs.getDocument(options);
    const pdf = await task.promise;
    const texts = [];
    for (const i of pages) {
      const { items } = await (await pdf.getPage(i + 1)).getTextContent();
      texts.push(items.map(({ str }) => str).filter((str) => str !== ''));
    }
    await task.destroy();
    return { pages: pdf.numPages, texts };
  };`;

const modules = { 'pdf.mjs': 'pdfjs-dist/build/pdf.mjs', 'pdf.worker.mjs': 'pdfjs-dist/build/pdf.worker.mjs' };
const ranges = { disableAutoFetch: true, disableStream: true };

/// Reads `order` (all where it is not given) of a book of so many pages, and looks at their text: {s, book, cost}.
async function read(t, pages, options, order = Array.from({ length: pages }, (_, i) => i)) {
  const book = makePdf({ pages });
  const { s, page, close } = await openLibrary(t, { modules, script, options: { originOptions: { delay: 20, rate: 40e6 } } });
  s.origin.put('book.pdf', { bytes: book.bytes, contentType: 'application/pdf' });
  const got = await page.evaluate(([given, wanted]) => window.readPdf(given, wanted), [{ url: '/media/book.pdf', ...options }, order]);
  await close();
  assert.equal(got.pages, pages);
  assert.deepEqual(got.texts, order.map((i) => book.texts[i]));
  const cost = await costs(s);
  t.diagnostic(`${book.bytes.length} bytes: ${JSON.stringify(cost)}: fetched ${(cost.fetched / cost.sent).toFixed(2)} times what was sent`);
  assert.equal(cost.bypassed, 0, story(s));
  return { s, book, cost };
}

test('200 pages, by ranges alone', { skip: noBrowser }, async (t) => {
  const { s, book, cost } = await read(t, 200, ranges);
  checkFetchedOnce(s, cost, book.bytes.length);
  assert.ok(cost.fetched <= 1.3 * cost.sent, story(s));
});

test('200 pages, as PDF.js comes', { skip: noBrowser }, async (t) => {
  const { s, book, cost } = await read(t, 200, {});
  checkFetchedOnce(s, cost, book.bytes.length);
});

test('one or two pages here and there, by ranges alone', { skip: noBrowser }, async (t) => {
  const random = randomNumbers(41);
  const order = Array.from({ length: 40 }, () => random.next(599)).flatMap((i) => (i % 2 ? [i] : [i, i + 1]));
  const { s, cost } = await read(t, 600, ranges, order);
  // A page is a run of three to five chunks, behind which up to a block is fetched.
  assert.ok(cost.fetched <= 2 * cost.sent, story(s));
});
