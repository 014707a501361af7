// npm run store:crash [-- --rounds 60] [--seed N]
const { parseArgs } = require('node:util');
const { crashRounds } = require('./harness');

async function main() {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '60' }, seed: { type: 'string' } } });
  const rounds = Number(values.rounds);
  if (!(rounds > 0)) throw new Error('npm run store:crash [-- --rounds 60] [--seed N]');
  const total = await crashRounds({
    rounds,
    ...(values.seed === undefined ? {} : { seed: Number(values.seed) }),
    onRound: ({ round, acknowledged, documents, lost, half, problems }) =>
      console.log(
        `round ${round}: ${acknowledged} acknowledged, ${documents} documents; ` +
          `lost ${lost.length}, half-applied ${half.length}, problems ${problems.length}`,
      ),
  });
  const { lost, half, problems } = total;
  for (const line of [...lost, ...half, ...problems].slice(0, 20)) console.log(`  ${line}`);
  if (total.dir) console.log(`the folder is kept: ${total.dir}`);
  console.log(
    `${total.rounds} kills (seed ${total.seed}): ${total.acknowledged} acknowledged writes, ${lost.length} lost, ` +
      `${half.length} half-applied, ${problems.length} problems in documents and indexes`,
  );
  process.exitCode = lost.length + half.length + problems.length > 0 ? 1 : 0;
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
