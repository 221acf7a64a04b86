vim.filetype.add({ extension = { pipe = "pipe" } })
