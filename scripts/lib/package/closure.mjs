// closure.mjs ROOT APP DEST: copy an app, built, and all that it needs at run time, so that DEST
// runs by itself. Packages keep their places below node_modules.
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';

const [root, app, dest] = process.argv.slice(2);
const read = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
const modules = join(root, 'node_modules');
const copied = new Set();
/** They compile a package, or fetch it compiled. */
const buildOnly = new Set(['nan', 'prebuild-install']);

copyBuilt(join(root, 'apps', app), dest);
chmodSync(join(dest, 'dist/cli.js'), 0o755);
takeDependencies(join(root, 'apps', app));

function takeDependencies(folder) {
  const { dependencies = {}, optionalDependencies = {} } = read(folder);
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    if (buildOnly.has(name)) continue;
    const found = find(folder, name);
    if (found === undefined) {
      if (name in optionalDependencies) continue;
      throw new Error(`${name}, which ${folder} needs, is not installed.`);
    }
    if (copied.has(found)) continue;
    copied.add(found);
    const real = realpathSync(found);
    const isOurs = !real.startsWith(modules);
    const target = join(
      dest,
      'node_modules',
      relative(modules, isOurs ? join(modules, name) : found),
    );
    if (isOurs) copyBuilt(real, target);
    else copyPackage(found, target);
    takeDependencies(isOurs ? real : found);
  }
}

/** As Node looks for it. */
function find(from, name) {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return candidate;
    if (folder === root || folder === dirname(folder)) return undefined;
  }
}

function copyBuilt(from, to) {
  mkdirSync(to, { recursive: true });
  for (const part of ['package.json', 'dist', 'migrations', 'pages']) {
    if (!existsSync(join(from, part))) continue;
    const filter = (path) => !/\.(test\.js|d\.ts|map|tsbuildinfo)$/.test(path);
    cpSync(join(from, part), join(to, part), { recursive: true, filter });
  }
}

/** Without what only builds and tests need. */
function copyPackage(from, to) {
  const unwanted = new Set(['node_modules', 'deps', 'test', 'tests', 'obj.target', 'obj']);
  const filter = (path) =>
    path === from ||
    (!unwanted.has(basename(path)) &&
      !basename(path).startsWith('.') &&
      !/(\.(map|d\.ts|d\.mts|d\.cts|md|sh|a|gyp|c|cc|cpp|h|hpp)|test_extension\.node)$/i.test(
        path,
      ));
  cpSync(from, to, { recursive: true, filter, dereference: true });
}
