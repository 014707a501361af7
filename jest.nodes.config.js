// @ts-check
// Suites that need a redis-server: `npm run test:nodes`. `npm test` does without.
const { collectCoverageFrom, projects } = require('./jest.config.js');
const [unit] = projects;

/** @type {import('jest').Config} */
module.exports = {
  ...unit,
  collectCoverageFrom,
  displayName: 'nodes',
  testTimeout: 60_000,
  testMatch: ['<rootDir>/test/nodes/**/*.nodes-spec.ts'],
};
