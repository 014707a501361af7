import { readFileSync, readdirSync } from 'node:fs';

/**
 * CPU time of a process and its children in µs: every thread, so that the store's file writes count as well.
 * undefined where the system does not say it (anything but Linux).
 */
export function cpuMicros(pid) {
  try {
    let sum = 0;
    for (const task of readdirSync(`/proc/${pid}/task`)) {
      const [nanos] = readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ');
      sum += Number(nanos) / 1000;
      for (const child of childrenOf(pid, task)) sum += cpuMicros(child) ?? 0;
    }
    return sum;
  } catch {
    return undefined;
  }
}

function childrenOf(pid, task) {
  try {
    return readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean);
  } catch {
    return [];
  }
}
