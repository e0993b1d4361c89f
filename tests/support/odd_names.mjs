// File names that people have and that URIs, shells, headers and signatures stumble over.

/// A name with which the key `{prefix}/{36 of the id}_{name}` has 1,024 bytes, the most that S3 takes.
function longest(prefix, filler) {
  const room = 1024 - Buffer.byteLength(`${prefix}/`) - 37 - 4;
  const size = Buffer.byteLength(filler);
  return `${filler.repeat(Math.floor(room / size))}${'x'.repeat(room % size)}.mp4`;
}

/// 45 of them, for the key prefix `up`.
export const oddNames = [
  'My video #1?.mp4', 'what?.mp4', 'a#b.mp4', '100%.mp4', 'a%41b.mp4', '%2e%2e%2f.mp4', 'a+b c.mp4', ' spaces .mp4',
  'über/unter.mp4', '日本語.mp4', '🎬 film 👩‍👩‍👧.mp4', "quotes '\"`.mp4", 'semi;colon,comma=&.mp4', 'back\\slash.mp4',
  '..hidden..mp4', 's3:x.mp4',
  'e\u0301 and \u00e9.mp4', '(1)*!~$@[].mp4', `${longest('up', 'n')}`, `${longest('up', '🎬')}`,
  '-rf.mp4', '.mp4', "o'brien.mp4", '<script>.mp4', '{a}{b}.mp4', 'a|b^c.mp4', 'double  space.mp4', 'many...dots.mp4', 'no extension',
  'UPPER.MP4', 'עברית.mp4', 'العربية.mp4', 'Ελληνικά.mp4', '한국어.mp4', 'ไทย.mp4', 'a\u200bb.mp4', 'a\u00a0b.mp4', '\u202eevil.mp4',
  '~tilde.mp4', 'x.tar.gz', '$HOME.mp4', 'e=mc².mp4', '%.mp4', '%zz%F0%9F.mp4', '~_-.mp4',
];
