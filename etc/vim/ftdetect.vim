" SPDX-License-Identifier: ISC
" Copyright smtpost contributors
autocmd BufNewFile,BufRead .smtprc,smtprc,smtprc.example setfiletype smtprc
