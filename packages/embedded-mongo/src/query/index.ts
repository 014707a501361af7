export { compileFilter, compileMatcher, type MatchDetails, type Matcher } from './matcher';
export { extractIndexKeys, indexKeysAt, valuesAt } from './path';
export { compileProjection, type Projection } from './projection';
export { compileSort, compileSorter, type Sorter } from './sort';
