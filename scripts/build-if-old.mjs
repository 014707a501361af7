// What `npm start` and the commands share: a build that is as new as the sources.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const entry = join(root, 'dist', 'main.js');
const at = (...parts) => join(root, ...parts);

const workspaces = existsSync(at('packages'))
  ? readdirSync(at('packages'), { withFileTypes: true }).flatMap((item) =>
      item.isDirectory() ? [at('packages', item.name)] : [],
    )
  : [];

/** @returns the files that the build is made of; tests are not among them. */
function* sources(path) {
  if (!existsSync(path)) return;
  if (!statSync(path).isDirectory()) return yield path;
  for (const item of readdirSync(path, { withFileTypes: true })) {
    if (item.isDirectory()) yield* sources(join(path, item.name));
    else if (item.name.endsWith('.ts') && !item.name.endsWith('.spec.ts')) yield join(path, item.name);
  }
}

function isBuilt() {
  if (!existsSync(entry)) return false;
  // `npm run build` writes the packages first and this entry last: newer than every source means all are built.
  if (workspaces.some((folder) => existsSync(join(folder, 'src')) && !existsSync(join(folder, 'dist', 'index.js'))))
    return false;
  const inputs = [
    at('src'),
    at('tsconfig.json'),
    at('tsconfig.build.json'),
    ...workspaces.flatMap((folder) => [join(folder, 'src'), join(folder, 'tsconfig.build.json')]),
  ];
  const built = statSync(entry).mtimeMs;
  for (const input of inputs) for (const file of sources(input)) if (statSync(file).mtimeMs > built) return false;
  return true;
}

/** An image has the build and neither sources nor compiler. */
const canBuild = existsSync(at('src')) && existsSync(at('node_modules', '@nestjs', 'cli'));

/** Builds unless the build is newer than its sources. Ends the process when that fails. */
export function ensureBuilt() {
  if (!canBuild || isBuilt()) return;
  console.error('building the service …');
  const windows = process.platform === 'win32';
  const { status } = spawnSync('npm', ['run', 'build', '--silent'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: windows,
  });
  if (status !== 0) process.exit(status ?? 1);
}

/** @returns the path of a compiled file, by its name below src without the ending. */
export const compiled = (name) => join(root, 'dist', `${name}.js`);
