// Somebody at the real Open WebUI's own page, in Chromium, through Sluice: signs in by its form, uploads by its file chooser,
// asks a model, whose answer shows the video, plays and seeks it in the chat, opens a PDF.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { launchBrowser } from '../../browser/demo.mjs';
import { modelName } from '../../support/openai_model.mjs';
import { removeDirectory, temporaryDirectory } from '../../support/sluice.mjs';
import { makeVideo } from '../../support/video.mjs';

const patience = 60000;

/// A PDF of one page with this text.
function makePdf(text) {
  const stream = `BT /F1 24 Tf 72 700 Td (${text}) Tj ET`;
  const objects = ['<< /Type /Catalog /Pages 2 0 R >>', '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>',
    `<< /Length ${stream.length} >>\nstream\n${stream}\nendstream`, '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>'];
  let body = '%PDF-1.4\n';
  const offsets = objects.map((object, i) => {
    const at = body.length;
    body += `${i + 1} 0 obj\n${object}\nendobj\n`;
    return at;
  });
  const table = offsets.map((at) => `${String(at).padStart(10, '0')} 00000 n \n`).join('');
  const count = objects.length + 1;
  return Buffer.from(`${body}xref\n0 ${count}\n0000000000 65535 f \n${table}trailer\n<< /Size ${count} /Root 1 0 R >>\n`
    + `startxref\n${body.length}\n%%EOF\n`);
}

/// The page's answers to a file's content: {status, headers} as they come.
function contents(page) {
  const answers = [];
  page.on('response', (response) => {
    if (/\/api\/v1\/files\/[0-9a-f-]{36}\/content$/.test(new URL(response.url()).pathname)) answers.push(response);
  });
  return answers;
}

async function signIn(page, s, user) {
  await page.goto(`${s.sluice.url}/auth`);
  await page.locator('input[name=email], input[type=email]').first().fill(user.email);
  await page.locator('input[type=password]').first().fill(user.password);
  await page.locator('button[type=submit]').first().click();
  await page.locator('#chat-input').waitFor();
}

/// Uploads a file by the page's own chooser: the app's answer.
async function uploadByPage(page, file) {
  const stored = page.waitForResponse((response) => response.request().method() === 'POST' && /\/api\/v1\/files\/(\?|$)/.test(response.url()));
  await page.locator('input[type=file]').first().setInputFiles(file);
  const answer = await stored;
  assert.equal(answer.status(), 200);
  return answer.json();
}

export async function checkBrowser(s, t, user) {
  const directory = temporaryDirectory('page');
  t.after(() => removeDirectory(directory));
  const [video, pdf] = ['holiday.mp4', 'paper.pdf'].map((name) => path.join(directory, name));
  const bytes = await makeVideo(2);
  fs.writeFileSync(video, bytes);
  fs.writeFileSync(pdf, makePdf('Hello from a page'));
  await s.call(user, 'POST', '/api/v1/users/user/settings/update', { ui: { showChangelog: false } });
  const browser = await launchBrowser();
  t.after(() => browser.close());
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  context.setDefaultTimeout(patience);
  const page = await context.newPage();
  const answers = contents(page);
  const shot = async (name) => process.env.SLUICE_SHOTS && page.screenshot({ path: path.join(process.env.SLUICE_SHOTS, `${name}.png`) });
  try {
    await signIn(page, s, user);
    await shot('signed-in');
    const stored = await uploadByPage(page, video);
    assert.equal(stored.meta.size, bytes.length);

    // To the model, and its answer as it comes.
    await page.locator('#chat-input').click();
    await page.keyboard.type('What is in it?');
    await shot('typed');
    await page.keyboard.press('Enter');
    const stream = await s.model.stream(patience);
    assert.equal(stream.request.model, modelName);
    s.model.send(stream, 'A-test-picture');
    await page.getByText('A-test-picture').first().waitFor();
    s.model.send(stream, `\n\n<video>\n/api/v1/files/${stored.id}/content\n</video>\n\nEnjoy.`);
    s.model.finish(stream);
    await shot('answered');

    // The video of the answer plays and seeks.
    const player = page.locator(`video[src*="${stored.id}"]`);
    await player.waitFor({ state: 'attached' });
    const played = await player.evaluate(async (one) => {
      one.muted = true;
      await one.play();
      await new Promise((resolve) => one.requestVideoFrameCallback(resolve));
      const at = one.duration - 5;
      const seeked = new Promise((resolve) => one.addEventListener('seeked', resolve, { once: true }));
      one.currentTime = at;
      await seeked;
      await new Promise((resolve) => one.requestVideoFrameCallback(resolve));
      one.pause();
      return { duration: one.duration, width: one.videoWidth, at: one.currentTime, error: one.error?.message };
    });
    assert.equal(played.error, undefined);
    assert.ok(Math.abs(played.duration - 40) < 1 && played.width === 640 && played.at >= played.duration - 5.5, JSON.stringify(played));
    assert.ok(answers.length > 0);
    for (const answer of answers) {
      assert.equal(answer.status(), 206);
      assert.match(answer.headers()['cache-status'] ?? '', /^sluice; /);
    }
    await shot('played');

    // A PDF, opened by a click on it.
    const before = answers.length;
    const paper = await uploadByPage(page, pdf);
    await page.getByText('paper.pdf').first().click();
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.locator('.pdf-page-wrapper canvas').first().waitFor();
    await shot('paper');
    const [shown] = answers.slice(before).filter((answer) => answer.url().includes(paper.id));
    assert.ok(shown, 'its content was asked for');
    assert.deepEqual([shown.status(), shown.headers()['content-type'], shown.headers()['content-disposition']],
      [200, 'application/pdf', "inline; filename*=UTF-8''paper.pdf"]);
    assert.match(shown.headers()['cache-status'] ?? '', /^sluice; /);
  } catch (error) {
    await shot('failed');
    throw error;
  }
}
