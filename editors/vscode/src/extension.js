// Starts `feedline lsp` and hands it the editor's texts; whatever is known about the language is known there.
'use strict';

const vscode = require('vscode');
const { LanguageClient } = require('vscode-languageclient/node');

let client;
let log;

/** The command that starts the server: the interpreter of the settings, else the Python extension's, else the `PATH`. */
async function command() {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';
  const setting = vscode.workspace.getConfiguration('feedline').get('interpreter', '').trim();
  const interpreter = setting.replaceAll('${workspaceFolder}', folder) || (await chosenInterpreter());
  return interpreter ? [interpreter, ['-m', 'feedline', 'lsp']] : ['feedline', ['lsp']];
}

async function chosenInterpreter() {
  const extension = vscode.extensions.getExtension('ms-python.python');
  if (!extension) return '';
  const api = extension.isActive ? extension.exports : await extension.activate();
  const environment = api?.environments && (await api.environments.resolveEnvironment(api.environments.getActiveEnvironmentPath()));
  return environment?.executable?.uri?.fsPath ?? '';
}

async function start() {
  const [program, args] = await command();
  log.info(`starting ${[program, ...args].join(' ')}`);
  const run = { command: program, args };
  client = new LanguageClient('feedline', 'feedline', { run, debug: run }, {
    documentSelector: [{ language: 'pipe', scheme: 'file' }, { language: 'pipe', scheme: 'untitled' }],
    outputChannel: log,
    synchronize: { configurationSection: 'feedline' },
    diagnosticPullOptions: { onChange: true, onSave: true, onFocus: true },
    initializationOptions: vscode.workspace.getConfiguration('feedline'),
  });
  try {
    await client.start();
  } catch (error) {
    log.error(error);
    const chosen = await vscode.window.showErrorMessage(
      `feedline's language server does not start as \`${[program, ...args].join(' ')}\`: ` +
        "pip install 'feedline[lsp]', and name that Python in `feedline.interpreter`.",
      'Open Settings', 'Show the Log');
    if (chosen === 'Open Settings') await vscode.commands.executeCommand('workbench.action.openSettings', 'feedline.interpreter');
    if (chosen === 'Show the Log') log.show();
  }
}

async function stop() {
  const stopped = client;
  client = undefined;
  if (stopped?.needsStop()) await stopped.stop();
}

async function restart() {
  await stop();
  await start();
}

exports.activate = async function (context) {
  log = vscode.window.createOutputChannel('feedline', { log: true });
  context.subscriptions.push(
    log,
    vscode.commands.registerCommand('feedline.restart', restart),
    vscode.commands.registerCommand('feedline.showLog', () => log.show()),
    vscode.workspace.onDidChangeConfiguration((change) => change.affectsConfiguration('feedline.interpreter') && restart()));
  if (vscode.workspace.isTrusted) await start();
  else context.subscriptions.push(vscode.workspace.onDidGrantWorkspaceTrust(start));
};

exports.deactivate = stop;
