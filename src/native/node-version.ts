/** Which Node this package runs in. Imports nothing, and is written for any Node: it is asked before all else. */
const OLDEST = 20;

/** What is wrong with the Node that runs this; undefined: nothing. */
export function nodeFault(): string | undefined {
  const { node } = process.versions;
  if (parseInt(node, 10) >= OLDEST) return undefined;
  return (
    `Node.js ${OLDEST} or newer is needed, and ${process.execPath} is ${node}; ` +
    'install a newer one, or put its directory first in PATH'
  );
}
