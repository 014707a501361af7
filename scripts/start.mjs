// `npm start`: builds when there is no build or an old one, then runs the service in this very process, so that
// signals reach it directly.
import { pathToFileURL } from 'node:url';
import { compiled, ensureBuilt } from './build-if-old.mjs';

ensureBuilt();
await import(pathToFileURL(compiled('main')).href);
