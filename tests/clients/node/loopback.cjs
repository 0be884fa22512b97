// Loaded before the command line: says at the end of stderr whom it wanted to reach that is not this machine.
const dns = require("dns");
const lookup = dns.lookup;
dns.lookup = (name, ...rest) => {
  if (!["localhost", "127.0.0.1", "::1"].includes(name)) process.stderr.write(`\nCONTACTED ${name}\n`);
  return lookup(name, ...rest);
};
