// Who may import whom: docs/ARCHITECTURE.md. The arrow only goes down; a need to point up becomes a domain event.

/** A module may import itself, the named modules below it, and packages. */
const layer = (name, allowed) => ({
  name: `${name}-imports-downwards`,
  severity: 'error',
  from: { path: `^src/${name}/` },
  to: { path: '^src/', pathNot: `^src/(${[name, ...allowed].join('|')})/` },
});

const base = ['contract', 'common'];

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'contract-imports-nothing',
      severity: 'error',
      from: { path: '^src/contract/' },
      to: { pathNot: '^src/contract/' },
    },
    layer('common', ['contract']),
    layer('openapi', base),
    layer('config', base),
    layer('metrics', base),
    layer('events', base),
    layer('redis', [...base, 'config']),
    layer('node-bus', [...base, 'config', 'redis']),
    layer('rate-limits', [...base, 'config', 'redis']),
    layer('database', [...base, 'config']),
    layer('auth', [...base, 'config', 'database', 'users']),
    layer('audit', [...base, 'config', 'database']),
    layer('users', [...base, 'config', 'database', 'events', 'audit']),
    layer('message-store', [...base, 'config', 'database']),
    layer('presence', [...base, 'config', 'redis']),
    layer('notifications', [
      ...base,
      'config',
      'conversations',
      'database',
      'message-store',
      'presence',
      'redis',
      'users',
    ]),
    layer('statistics', [
      ...base,
      'auth',
      'config',
      'conversations',
      'database',
      'events',
      'message-store',
      'metrics',
      'openapi',
      'presence',
      'users',
    ]),
    layer('asyncapi', [...base, 'openapi', 'messages', 'realtime', 'sync']),
    layer('retention', [...base, 'conversations', 'database', 'message-store']),
    {
      name: 'only-realtime-knows-the-doors',
      comment: 'Features speak to sockets by domain events; asyncapi describes the doors.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(realtime/|asyncapi/|app\\.)' },
      to: { path: '^src/realtime/' },
    },
    {
      name: 'only-persistence-knows-the-driver',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(database|health)/|/persistence/' },
      to: { path: 'node_modules/(mongoose|mongodb)/' },
    },
    {
      name: 'only-realtime-knows-socket-io',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(realtime|contract)/' },
      to: { path: 'node_modules/(socket\\.io|socket\\.io-client|@nestjs/platform-socket\\.io|@nestjs/websockets|ws)/' },
    },
    {
      name: 'only-redis-knows-its-client',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/redis/' },
      to: { path: 'node_modules/@redis/' },
    },
    {
      name: 'only-database-starts-the-embedded-store',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/database/' },
      to: { path: '^packages/|@presencepro/' },
    },
    { name: 'packages-stand-alone', severity: 'error', from: { path: '^packages/' }, to: { path: '^(src|test)/' } },
    {
      name: 'nothing-imports-the-composition-root',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(main|app\\.)' },
      to: { path: '^src/(main|app\\.)' },
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^@presencepro/' }, // a package of ours resolves once it is built
    },
    {
      name: 'no-dev-dependency-in-production-code',
      severity: 'error',
      from: { path: '^(src|packages/[^/]+/src)/', pathNot: '\\.spec\\.ts$' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Of a package's build only its door, so that the rule about who may use it sees the import.
    exclude: { path: '^dist/|^packages/[^/]+/dist/(?!index[.])' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
