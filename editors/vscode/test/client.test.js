// The bundled client and the real server, without an editor: PYTHON names an interpreter with feedline[lsp].
'use strict';

const assert = require('node:assert');
const os = require('node:os');
const { test } = require('node:test');
const { editor, load } = require('./vscode-stub');

const python = process.env.PYTHON ?? 'python3';

async function until(happened, what) {
  for (let waited = 0; waited < 20000; waited += 50) {
    const found = happened();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`waited in vain for ${what}`);
}

async function started(settings) {
  const state = editor(settings, os.tmpdir());
  const extension = load(state.vscode);
  await extension.activate({ subscriptions: [] });
  return [state, extension];
}

test('diagnostics of an opened text arrive, and the server ends with the editor', async () => {
  const [state, extension] = await started({ interpreter: python });
  const uri = state.open('wrong.pipe', 'loader train from photos { sample { batch 8 } }\n');
  const [first] = await until(() => state.diagnostics.get(uri)?.length && state.diagnostics.get(uri), 'diagnostics');
  assert.match(first.message, /photos/);
  assert.deepStrictEqual([first.range.start.line, first.range.start.character], [0, 18]);
  assert.deepStrictEqual(state.shown, []);
  await extension.deactivate();
});

test('the interpreter of the Python extension is taken where none is set', async () => {
  const environments = {
    getActiveEnvironmentPath: () => 'chosen',
    resolveEnvironment: async (name) => name === 'chosen' && { executable: { uri: { fsPath: python } } },
  };
  const [state, extension] = await started({ python: { isActive: true, exports: { environments } } });
  assert.ok(state.log.some((line) => line === `starting ${python} -m feedline lsp`));
  await extension.deactivate();
});

test('a server that does not start is said, with what to do', async () => {
  const [state, extension] = await started({ interpreter: '${workspaceFolder}/no/such/python' });
  assert.match(state.shown.join('\n'), new RegExp(`${os.tmpdir()}/no/such/python -m feedline lsp[^]*pip install 'feedline\\[lsp\\]'`));
  await extension.deactivate();
});

test('a restart leaves one server, which answers', async () => {
  const [state, extension] = await started({ interpreter: python });
  await state.commands.get('feedline.restart')();
  const uri = state.open('again.pipe', 'let a = \n');
  await until(() => state.diagnostics.get(uri)?.length, 'diagnostics after a restart');
  await extension.deactivate();
});
