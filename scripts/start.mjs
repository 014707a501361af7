// `npm start`: builds when there is no build or an old one, then runs the service in this very process, so that
// signals reach it directly.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

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

if (canBuild && !isBuilt()) {
  console.error('building the service …');
  const windows = process.platform === 'win32';
  const { status } = spawnSync('npm', ['run', 'build', '--silent'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: windows,
  });
  if (status !== 0) process.exit(status ?? 1);
}
await import(pathToFileURL(entry).href);
