import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const FILES = [
  ...['query', 'document', 'model.updateOne', 'model.findOneAndUpdate', 'docs/lean', 'model.indexes'],
  ...['aggregate', 'collection', 'connection'],
];

function mocha(dir, file, url, output) {
  const args = [join(dir, 'node_modules/mocha/bin/mocha.js'), '--exit', '--reporter', 'json'];
  args.push('--reporter-option', `output=${output}`, '--timeout', '10000', `test/${file}.test.js`);
  const env = { ...process.env, MONGOOSE_TEST_URI: url.replace('/?', '/mongoose_test?') };
  return new Promise((done) => execFile(process.execPath, args, { cwd: dir, env, maxBuffer: 1 << 28 }, () => done()));
}

const messageOf = (test) => (test.err.message ?? 'no message').split('\n')[0];

async function runFile(dir, file, url, output) {
  await rm(output, { force: true });
  await mocha(dir, file, url, output);
  const suite = `mongoose/${file}`;
  if (!existsSync(output)) return [{ suite, name: '(the file)', status: 'failed', message: 'mocha wrote no results' }];
  const { passes, failures, pending } = JSON.parse(await readFile(output, 'utf8'));
  return [
    ...passes.map((test) => ({ suite, name: test.fullTitle, status: 'passed' })),
    ...failures.map((test) => ({ suite, name: test.fullTitle, status: 'failed', message: messageOf(test) })),
    ...pending.map((test) => ({ suite, name: test.fullTitle, status: 'skipped' })),
  ];
}

/** Runs the test files of a Mongoose checkout, one process each. */
export async function runMongooseSuite(dir, url) {
  if (!existsSync(join(dir, 'node_modules/mocha'))) throw new Error(`run npm install in ${dir} first`);
  const folder = await mkdtemp(join(tmpdir(), 'embedded-mongo-mocha-'));
  try {
    const results = [];
    for (const file of FILES) results.push(...(await runFile(dir, file, url, join(folder, 'results.json'))));
    return results;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
