// @ts-check
// Nest 12 packages are ESM-only and Jest can only require(esm) on Node >= 24.9, so on Node 20
// @swc/jest compiles them to CommonJS together with our own sources (docs/adr/0001).
const base = { swcrc: false, sourceMaps: true, module: { type: 'commonjs' } };
const jsc = { target: 'es2022', keepClassNames: true };
const ts = {
  ...base,
  jsc: {
    ...jsc,
    parser: { syntax: 'typescript', decorators: true, dynamicImport: true },
    transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
  },
};
const js = { ...base, jsc: { ...jsc, parser: { syntax: 'ecmascript', importAttributes: true } } };

/** ESM-only packages loaded inside tests: "Must use import to load ES Module: …/node_modules/X" asks for X here. */
const esmOnly = ['@nestjs/'];

const common = {
  testEnvironment: 'node',
  transform: { '^.+\\.ts$': ['@swc/jest', ts], '^.+\\.js$': ['@swc/jest', js] },
  transformIgnorePatterns: [`/node_modules/(?!(${esmOnly.join('|')}))`, '/packages/[^/]+/dist/'],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  setupFiles: ['reflect-metadata'],
};

/** @type {import('jest').Config} */
module.exports = {
  // A guard against hanging, not a measure: slow machines take their time.
  testTimeout: 60_000,
  collectCoverageFrom: ['src/**/*.ts', 'packages/*/src/**/*.ts'],
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: ['<rootDir>/src/**/*.spec.ts', '<rootDir>/packages/*/src/**/*.spec.ts'],
    },
    {
      ...common,
      displayName: 'integration',
      testMatch: ['<rootDir>/test/integration/**/*.int-spec.ts', '<rootDir>/packages/*/test/**/*.int-spec.ts'],
    },
    { ...common, displayName: 'e2e', testMatch: ['<rootDir>/test/**/*.e2e-spec.ts'] },
  ],
};
