-- The configuration that `vim.lsp.enable("feedline")` starts (Neovim 0.11 or newer).
return {
  cmd = { "feedline", "lsp" },
  filetypes = { "pipe" },
  root_markers = { "pyproject.toml", ".git" },
  settings = { feedline = { data = false, inlayHints = true, codeLenses = true } },
}
