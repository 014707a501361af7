import { readFile } from 'node:fs/promises';

/**
 * One line per test: `fail` or `skip`, the suite and the test's name, and a reason, separated by ` | `. A name that ends
 * in `*` stands for all that begin so. `skip` is for what does not apply (geo, text, another topology); such a test may
 * end as it likes.
 */
export async function readExpectations() {
  const text = await readFile(new URL('expected-failures.txt', import.meta.url), 'utf8');
  return text
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => {
      const [kind, suite, name, reason] = line.split(' | ').map((part) => part.trim());
      if (!['fail', 'skip'].includes(kind) || !name || !reason) throw new Error(`expected-failures.txt: ${line}`);
      return { kind, suite, name, reason, used: false };
    });
}

function expectationOf(expectations, { suite, name }) {
  const fits = (entry) => (entry.name.endsWith('*') ? name.startsWith(entry.name.slice(0, -1)) : name === entry.name);
  const found = expectations.find((entry) => entry.suite === suite && fits(entry));
  if (found) found.used = true;
  return found;
}

function emptyCounts() {
  return { passed: 0, expected: 0, unexpected: 0, notApplicable: 0 };
}

/** Prints the counts of each suite and every surprise; answers whether there was none. */
export function report(results, expectations) {
  const suites = new Map();
  const surprises = [];
  for (const result of results) {
    const counts = suites.get(result.suite) ?? suites.set(result.suite, emptyCounts()).get(result.suite);
    const expectation = expectationOf(expectations, result);
    if (result.status === 'skipped' || expectation?.kind === 'skip') counts.notApplicable++;
    else if (result.status === 'passed') {
      counts.passed++;
      if (expectation) surprises.push(`passed, but is expected to fail: ${result.suite} | ${result.name}`);
    } else if (expectation) counts.expected++;
    else {
      counts.unexpected++;
      surprises.push(`failed: ${result.suite} | ${result.name}\n    ${result.message}`);
    }
  }
  const ran = new Set(results.map(({ suite }) => suite));
  for (const entry of expectations) {
    if (!entry.used && ran.has(entry.suite)) surprises.push(`no such test: ${entry.suite} | ${entry.name}`);
  }
  for (const [suite, { passed, expected, unexpected, notApplicable }] of suites) {
    const failed = expected + unexpected;
    const share = ((100 * passed) / Math.max(passed + failed, 1)).toFixed(1);
    console.log(`${suite}: ${passed} passed, ${failed} failed, ${notApplicable} not applicable (${share} %)`);
  }
  for (const surprise of surprises) console.log(surprise);
  return surprises.length === 0;
}
