// PDF files (ISO 32000-1) without a library, the same each time: pages of words and a picture of noise, as scanners and
// word processors lay them out: each page's objects together, the page tree and the cross-reference table at the end.
import { deflateSync } from 'node:zlib';
import { content, randomNumbers } from './content.mjs';

const kidsEach = 10; // pages below one node of the page tree

/// `lines` lines of `words` words each.
function textOf(random, lines, words) {
  const word = () => Array.from({ length: 3 + random.next(8) }, () => String.fromCharCode(97 + random.next(26))).join('');
  return Array.from({ length: lines }, () => Array.from({ length: words }, word).join(' '));
}

/// The file's bytes and the text of each page: {bytes, texts: [[line, …] a page]}. A picture takes `width` × `height` × 3 bytes.
export function makePdf({ pages, seed = 1, lines = 40, words = 9, width = 96, height = 80 }) {
  const random = randomNumbers(seed);
  const texts = Array.from({ length: pages }, () => textOf(random, lines, words));
  const parts = [];
  const offsets = [];
  let at = 0;
  const put = (data) => {
    const bytes = Buffer.from(data, 'latin1');
    parts.push(bytes);
    at += bytes.length;
  };
  const object = (id, dictionary, stream) => {
    offsets[id] = at;
    put(`${id} 0 obj\n<< ${dictionary}${stream ? ` /Length ${stream.length}` : ''} >>\n`);
    if (stream) {
      put('stream\n');
      put(stream);
      put('\nendstream\n');
    }
    put('endobj\n');
  };
  const nodes = Math.ceil(pages / kidsEach);
  const [page, body, picture, node] = [0, 1, 2, 3].map((kind) => (i) => 4 + kind * pages + i);
  const range = (first, end) => Array.from({ length: end - first }, (_, i) => first + i);
  const references = (ids) => ids.map((id) => `${id} 0 R`).join(' ');

  put('%PDF-1.4\n%\xe2\xe3\xcf\xd3\n');
  for (let i = 0; i < pages; i++) {
    const shown = texts[i].map((line) => `(${line}) Tj T*`).join('\n');
    object(page(i), `/Type /Page /Parent ${node(Math.floor(i / kidsEach))} 0 R /MediaBox [0 0 595 842] /Contents ${body(i)} 0 R ` +
      `/Resources << /Font << /F 3 0 R >> /XObject << /I ${picture(i)} 0 R >> >>`);
    object(body(i), '/Filter /FlateDecode',
      deflateSync(`BT /F 10 Tf 14 TL 40 800 Td\n${shown}\nET\nq 96 0 0 80 40 100 cm /I Do Q\n`));
    object(picture(i), `/Type /XObject /Subtype /Image /Width ${width} /Height ${height} /ColorSpace /DeviceRGB /BitsPerComponent 8`,
      content(`${seed}/${i}`, 0, width * height * 3));
  }
  for (let i = 0; i < nodes; i++) {
    const kids = range(i * kidsEach, Math.min(pages, (i + 1) * kidsEach)).map(page);
    object(node(i), `/Type /Pages /Parent 2 0 R /Count ${kids.length} /Kids [${references(kids)}]`);
  }
  object(3, '/Type /Font /Subtype /Type1 /BaseFont /Helvetica');
  object(2, `/Type /Pages /Count ${pages} /Kids [${references(range(0, nodes).map(node))}]`);
  object(1, '/Type /Catalog /Pages 2 0 R');
  const table = at;
  put(`xref\n0 ${offsets.length}\n0000000000 65535 f \n`);
  for (const offset of offsets.slice(1)) put(`${String(offset).padStart(10, '0')} 00000 n \n`);
  put(`trailer\n<< /Size ${offsets.length} /Root 1 0 R >>\nstartxref\n${table}\n%%EOF\n`);
  return { bytes: Buffer.concat(parts), texts };
}
