// A stand-in for the editor: enough of its interface for the bundled client to start, open a text and show what comes.
// What is missing is a class that does nothing; the tests look at `shown`, `diagnostics` and `commands`.
'use strict';

const Module = require('node:module');
const path = require('node:path');
const { pathToFileURL, fileURLToPath } = require('node:url');

class Uri {
  constructor(text) { this.text = text; }
  static parse(text) { return new Uri(text); }
  static file(name) { return new Uri(pathToFileURL(name).href); }
  get scheme() { return this.text.split(':')[0]; }
  get fsPath() { return this.scheme === 'file' ? fileURLToPath(this.text) : this.text; }
  get path() { return new URL(this.text).pathname; }
  toString() { return this.text; }
}
class Position { constructor(line, character) { Object.assign(this, { line, character }); } }
class Range { constructor(...at) { [this.start, this.end] = at.length === 2 ? at : [new Position(at[0], at[1]), new Position(at[2], at[3])]; } }
class Diagnostic { constructor(range, message, severity) { Object.assign(this, { range, message, severity }); } }
class Emitter {
  listeners = new Set();
  event = (listener, self) => {
    const bound = listener.bind(self);
    this.listeners.add(bound);
    return { dispose: () => this.listeners.delete(bound) };
  };
  fire(value) { for (const listener of this.listeners) listener(value); }
  dispose() { this.listeners.clear(); }
}
class CancellationTokenSource {
  token = { isCancellationRequested: false, onCancellationRequested: new Emitter().event };
  cancel() { this.token.isCancellationRequested = true; }
  dispose() {}
}

class CodeActionKind {
  constructor(value) { this.value = value; }
  static Empty = new CodeActionKind('');
  append(part) { return new CodeActionKind(this.value ? `${this.value}.${part}` : part); }
}
class Disposable {
  constructor(end) { this.dispose = end; }
  static from(...all) { return new Disposable(() => all.forEach((one) => one.dispose())); }
}

/** An editor in which the extension finds `settings`; `root` is its folder. */
exports.editor = function (settings, root) {
  const state = { shown: [], diagnostics: new Map(), commands: new Map(), log: [], documents: [], events: {} };
  const event = (name) => (state.events[name] ??= new Emitter()).event;
  const nothing = { dispose() {} };
  const write = (text) => state.log.push(String(text?.stack ?? text));
  const channel = { ...nothing, name: 'feedline', logLevel: 3, onDidChangeLogLevel: new Emitter().event, show() {}, append: write, appendLine: write, clear() {}, trace: write, debug: write, info: write, warn: write, error: write };
  const configuration = (section) => ({
    ...settings,
    get: (name, otherwise) => (section ? settings[name] : name === 'feedline' ? settings : undefined) ?? otherwise,
    inspect: () => undefined,
    has: (name) => name in settings,
  });
  const known = {
    Uri, Position, Range, Diagnostic, CodeActionKind, Disposable, EventEmitter: Emitter, CancellationTokenSource,
    version: '1.91.0',
    DiagnosticSeverity: { Error: 0, Warning: 1, Information: 2, Hint: 3 },
    env: { language: 'en', appName: 'stub', machineId: 'stub' },
    extensions: { getExtension: () => settings.python, onDidChange: event('extensions') },
    window: listening({
      createOutputChannel: () => channel,
      showErrorMessage: async (text) => void state.shown.push(text),
      showWarningMessage: async (text) => void state.shown.push(text),
      showInformationMessage: async (text) => void state.shown.push(text),
      visibleTextEditors: [], tabGroups: { all: [], onDidChangeTabs: event('tabs'), onDidChangeTabGroups: event('groups') },
    }),
    workspace: listening({
      isTrusted: true, textDocuments: state.documents, notebookDocuments: [],
      workspaceFolders: [{ uri: Uri.file(root), name: 'root', index: 0 }],
      getConfiguration: configuration, getWorkspaceFolder: () => undefined,
      createFileSystemWatcher: () => ({ ...nothing, onDidCreate: event('made'), onDidChange: event('written'), onDidDelete: event('gone') }),
    }),
    commands: {
      registerCommand: (name, run) => { state.commands.set(name, run); return nothing; },
      executeCommand: async () => undefined,
    },
    languages: registering({
      match: (selector, document) => (selector.some?.((one) => one.language === document.languageId) ? 10 : 0),
      createDiagnosticCollection: () => ({
        ...nothing, set: (uri, found) => state.diagnostics.set(String(uri), found ?? []),
        get: (uri) => state.diagnostics.get(String(uri)), has: (uri) => state.diagnostics.has(String(uri)),
        delete: (uri) => state.diagnostics.delete(String(uri)), clear: () => state.diagnostics.clear(), forEach() {},
      }),
    }),
  };
  function listening(object) {
    return new Proxy(object, { get: (target, name) => target[name] ?? (/^on/.test(String(name)) ? event(name) : () => nothing) });
  }
  function registering(object) {
    return new Proxy(object, { get: (target, name) => target[name] ?? (() => nothing) });
  }
  const classes = {};
  state.vscode = new Proxy(known, {
    get: (target, name) => target[name] ?? (classes[name] ??= class { static [Symbol.toPrimitive]() { return 0; } }),
  });
  state.open = (name, text) => {
    const document = { uri: Uri.file(path.join(root, name)), languageId: 'pipe', version: 1, getText: () => text, isClosed: false };
    state.documents.push(document);
    known.window.activeTextEditor = { document };
    known.window.visibleTextEditors.push({ document });
    state.events.onDidChangeVisibleTextEditors.fire();
    state.events.onDidOpenTextDocument.fire(document);
    return String(document.uri);
  };
  return state;
};

/** The bundled extension, with `vscode` as its editor. */
exports.load = function (vscode) {
  const file = require.resolve('../dist/extension.js');
  delete require.cache[file];
  const load = Module._load;
  Module._load = (name, ...rest) => (name === 'vscode' ? vscode : load(name, ...rest));
  try {
    return require(file);
  } finally {
    Module._load = load;
  }
};
