// Files of the real Open WebUI through Sluice: odd names, and many seeks at once.
import assert from 'node:assert/strict';
import { randomNumbers } from '../../support/content.mjs';
import { oddNames } from '../../support/odd_names.mjs';
import { assertOurs } from '../../support/open_webui_contract.mjs';
import { contentOf } from '../../support/open_webui_stack.mjs';
import { MiB } from '../../support/stack.mjs';

/// Every name: uploaded through Sluice, and what is answered, cold and again, is what the app alone answers.
export async function checkOddNames(s, owner, uploaded = () => {}) {
  const headers = s.session(owner);
  for (const name of oddNames) {
    const file = await s.upload({ owner, name, size: 3001 });
    uploaded(file);
    const alone = await s.direct(contentOf(file), { headers });
    assert.deepEqual([alone.status, alone.sha256], [200, file.sha256()], name);
    for (const state of ['first', 'again']) {
      const answer = await s.through(contentOf(file), { headers });
      assert.deepEqual([answer.status, answer.sha256, answer.headers['content-type'], answer.headers['content-disposition']],
        [200, file.sha256(), alone.headers['content-type'], alone.headers['content-disposition']], `${name}, ${state}`);
      if (state === 'again') assertOurs(answer, name);
    }
  }
}

/// 20 seeks at once in one file, cold, warm, and beside a download: every one has the bytes that it asked for. (The app
/// alone answers most of them with 416 or other bytes: each download truncates its one copy, from which the others are sent.)
export async function checkParallelSeeks(s, owner, t) {
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
  t.diagnostic(`SEED=${seed}`);
  const random = randomNumbers(seed);
  const size = 24 * MiB + 123;
  const file = await s.upload({ owner, name: 'long.mp4', seed: 'long', size });
  for (const state of ['cold', 'warm', 'beside a download']) {
    const whole = state === 'beside a download' ? s.content(file, owner) : undefined;
    await Promise.all(Array.from({ length: 20 }, async () => {
      const first = random.next(size - 300000);
      const last = first + random.next(300000);
      const answer = await s.content(file, owner, { headers: { Range: `bytes=${first}-${last}` } });
      assert.deepEqual([answer.status, answer.headers['content-range'], answer.sha256],
        [206, `bytes ${first}-${last}/${size}`, file.sha256(first, last)], `${state}: ${first}-${last}`);
      if (state === 'warm') assert.ok(answer.headers['cache-status'], 'ours');
    }));
    if (whole) assert.deepEqual([(await whole).status, (await whole).sha256], [200, file.sha256()]);
  }
}
