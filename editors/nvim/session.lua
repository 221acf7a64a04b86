-- A session without a person: opens a file with two faults, and prints what Neovim gets from the server. See README.md.
-- FEEDLINE names the program; without it `feedline` on the PATH.

local text = [[
dataset castings = CocoDetection("images", "annotations.json")
group defects = castings where category == "crack"
loader train from castings {
  transform { RandomResizedCrop(224); RandomHorizontalFlop(p=0.5)
    ToDtype(float32, scale=True)
  }
  sample { force 3 defects per 8; last drop; seed 7 }
}
]]

local file = vim.fn.tempname() .. ".pipe"
vim.fn.writefile(vim.split(text, "\n"), file)
vim.lsp.config("feedline", { cmd = { vim.env.FEEDLINE or "feedline", "lsp" } })
vim.lsp.enable("feedline")
vim.cmd.filetype("plugin", "on")
vim.cmd.edit(file)
local buffer = vim.api.nvim_get_current_buf()

local function say(title, lines)
  print("\n== " .. title .. "\n" .. table.concat(lines, "\n"))
end

local function fail(why)
  print("\nFAILED: " .. why)
  vim.cmd.cquit()
end

local function until_true(what, happened)
  if not vim.wait(20000, happened, 50) then fail("waited in vain for " .. what) end
end

local function where(line, word)
  local found = vim.api.nvim_buf_get_lines(buffer, line - 1, line, true)[1]:find(word, 1, true)
  return { textDocument = { uri = vim.uri_from_bufnr(buffer) }, position = { line = line - 1, character = found - 1 } }
end

local function ask(method, params)
  local client = vim.lsp.get_clients({ bufnr = buffer })[1]
  local answer, problem = client:request_sync(method, params, 10000, buffer)
  if problem or answer.err then fail(method .. ": " .. vim.inspect(problem or answer.err)) end
  return answer.result
end

local function messages()
  local found = {}
  for _, one in ipairs(vim.diagnostic.get(buffer)) do
    table.insert(found, ("%d:%d %s %s"):format(one.lnum + 1, one.col + 1, one.code, one.message))
  end
  table.sort(found)
  return found
end

until_true("the server", function() return #vim.lsp.get_clients({ bufnr = buffer }) > 0 end)
local client = vim.lsp.get_clients({ bufnr = buffer })[1]
say("Neovim " .. tostring(vim.version()), { "filetype " .. vim.bo.filetype, client.name .. ", positions in " .. client.offset_encoding })

until_true("diagnostics", function() return #vim.diagnostic.get(buffer) >= 2 end)
say("diagnostics", messages())

say("hover over RandomResizedCrop", { ask("textDocument/hover", where(4, "RandomResizedCrop")).contents.value })

local names = {}
local completed = ask("textDocument/completion", where(7, "last"))
for _, item in ipairs(completed.items or completed) do table.insert(names, item.label) end
say("completion before `last`", { table.concat(names, ", ") })

local wrong = where(4, "RandomHorizontalFlop")
wrong.range = { start = wrong.position, ["end"] = wrong.position }
wrong.context = { diagnostics = vim.tbl_map(function(one) return one.user_data.lsp end, vim.diagnostic.get(buffer, { lnum = 3 })) }
local actions = ask("textDocument/codeAction", wrong)
local titles = vim.tbl_map(function(one) return one.title end, actions)
say("code actions on RandomHorizontalFlop", titles)
for _, action in ipairs(actions) do
  if action.edit and action.diagnostics then
    vim.lsp.util.apply_workspace_edit(action.edit, client.offset_encoding)
    break
  end
end
vim.api.nvim_buf_set_text(buffer, 4, 0, 4, -1, { "    ToDtype(float32, scale=true)" })
until_true("no diagnostics", function() return #vim.diagnostic.get(buffer, { severity = vim.diagnostic.severity.ERROR }) == 0 end)
say("after the first fix, and `true` typed", vim.list_extend({ "no errors" }, messages()))

vim.lsp.inlay_hint.enable(true, { bufnr = buffer })
until_true("inlay hints", function() return #vim.lsp.inlay_hint.get({ bufnr = buffer }) > 0 end)
local hints = {}
for _, one in ipairs(vim.lsp.inlay_hint.get({ bufnr = buffer })) do
  local label = one.inlay_hint.label
  local shown = type(label) == "string" and label or table.concat(vim.tbl_map(function(part) return part.value end, label))
  table.insert(hints, ("%d:%d %s"):format(one.inlay_hint.position.line + 1, one.inlay_hint.position.character + 1, shown))
end
say("inlay hints", hints)

vim.lsp.buf.format({ timeout_ms = 5000 })
say("formatted", vim.api.nvim_buf_get_lines(buffer, 0, -1, true))

local rename = where(2, "defects")
rename.newName = "cracks"
vim.lsp.util.apply_workspace_edit(ask("textDocument/rename", rename), client.offset_encoding)
local uses = {}
for number, line in ipairs(vim.api.nvim_buf_get_lines(buffer, 0, -1, true)) do
  if line:find("cracks", 1, true) then table.insert(uses, number .. ": " .. vim.trim(line)) end
end
say("`defects` renamed", uses)

local symbols = vim.tbl_map(function(one) return one.name end, ask("textDocument/documentSymbol", { textDocument = { uri = vim.uri_from_bufnr(buffer) } }))
say("symbols", { table.concat(symbols, ", ") })

client:stop()
until_true("the server's end", function() return client:is_stopped() end)
print("\nthe server has ended")
vim.cmd("qall!")
