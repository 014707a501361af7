// `npm run directory:import -- FILE` and the like: one command of src/cli, on a build that is as new as the sources.
import { pathToFileURL } from 'node:url';
import { compiled, ensureBuilt } from './build-if-old.mjs';

const [name] = process.argv.splice(2, 1);
ensureBuilt();
await import(pathToFileURL(compiled(`cli/${name}`)).href);
