// Options of the small programs in this folder: `--name value` for each name of `defaults`; numbers where the default is one.

/// Reads process.argv; prints the names and ends the process on one that is unknown or has no value.
export function readOptions(defaults, argv = process.argv.slice(2)) {
  const options = { ...defaults };
  for (let i = 0; i < argv.length; i += 2) {
    const name = argv[i].replace(/^--/, '');
    if (!argv[i].startsWith('--') || !(name in defaults) || argv[i + 1] === undefined) {
      console.error(`unknown option or no value: ${argv[i]}\noptions: --${Object.keys(defaults).join(' --')}`);
      process.exit(2);
    }
    options[name] = typeof defaults[name] === 'number' ? Number(argv[i + 1]) : argv[i + 1];
  }
  return options;
}

/// Tells where the program listens, and ends it on SIGTERM and SIGINT.
export function announce(server, close) {
  console.log(JSON.stringify({ listening: `127.0.0.1:${server.port}` }));
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => close().then(() => process.exit(0)));
}
