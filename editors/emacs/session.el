;;; session.el --- A session without a person  -*- lexical-binding: t; -*-

;; emacs --batch -L editors/emacs -l editors/emacs/session.el
;; Opens a file with two faults and prints what eglot gets from the server. FEEDLINE names the program.

;;; Code:

(require 'cl-lib)
(when (fboundp 'package-initialize) (package-initialize))
(require 'eglot)
(require 'flymake)
(require 'eldoc)
(setq pipe-command (list (or (getenv "FEEDLINE") "feedline") "lsp"))
(require 'pipe-mode)

(defun session-until (what happened)
  "Wait until HAPPENED gives something; fail with WHAT."
  (let ((end (+ (float-time) 20)))
    (while (and (not (funcall happened)) (< (float-time) end)) (accept-process-output nil 0.05))
    (unless (funcall happened) (message "FAILED: waited in vain for %s" what) (kill-emacs 1))))

(defun session-position (word)
  "The parameters of a request about WORD."
  (goto-char (point-min))
  (search-forward word)
  (goto-char (match-beginning 0))
  (eglot--TextDocumentPositionParams))

(let ((file (expand-file-name "train.pipe" (make-temp-file "session" t))))
  (with-temp-file file
    (insert "loader train from photos {
  transform { RandomHorizontalFlop(p=0.5);ToDtype(float32,scale=true) }
  sample { batch 8; order shuffled }
}
"))
  (find-file file)
  (setq-local project-find-functions (list (lambda (_) (cons 'transient (file-name-directory file)))))
  (message "== Emacs %s, %s" emacs-version major-mode)
  (font-lock-ensure)
  (message "colours: loader is %s" (get-text-property 1 'face))
  (apply #'eglot (let ((current-prefix-arg nil)) (eglot--guess-contact)))
  (message "server: %s" (plist-get (slot-value (eglot-current-server) 'server-info) :name))
  (flymake-start)
  (session-until "diagnostics" #'flymake-diagnostics)
  (dolist (one (sort (flymake-diagnostics) (lambda (a b) (< (flymake-diagnostic-beg a) (flymake-diagnostic-beg b)))))
    (message "%d: %s" (line-number-at-pos (flymake-diagnostic-beg one)) (flymake-diagnostic-text one)))
  (let ((hover (jsonrpc-request (eglot-current-server) :textDocument/hover (session-position "ToDtype"))))
    (message "== hover over ToDtype\n%s" (plist-get (plist-get hover :contents) :value)))
  (eglot-format-buffer)
  (message "== formatted\n%s" (buffer-string))
  (eglot-shutdown (eglot-current-server))
  (message "the server has ended"))

;;; session.el ends here
