package pylog

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
)

// A logFile is a file that log lines are appended to. When it would reach
// maxBytes it becomes path.1, that path.2, and so on up to backups, as
// logging.handlers.RotatingFileHandler does; without backups it grows. It is not safe for concurrent use.
type logFile struct {
	path     string
	truncate bool // at the first opening
	watched  bool // open anew when another file took its name
	maxBytes int64
	backups  int

	file *os.File
	info os.FileInfo
	size int64
}

func (f *logFile) open() error {
	flags := os.O_WRONLY | os.O_CREATE | os.O_APPEND
	if f.truncate {
		flags |= os.O_TRUNC
		f.truncate = false
	}
	file, err := os.OpenFile(f.path, flags, 0o666)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close()
		return err
	}
	f.file, f.info, f.size = file, info, info.Size()
	return nil
}

// Write appends one line. The file is opened by the first.
func (f *logFile) Write(line []byte) (int, error) {
	if f.watched && f.file != nil && f.moved() {
		if err := f.Close(); err != nil {
			return 0, err
		}
	}
	if f.file == nil {
		if err := f.open(); err != nil {
			return 0, err
		}
	}
	if f.full(len(line)) {
		if err := f.rotate(); err != nil {
			return 0, err
		}
	}
	n, err := f.file.Write(line)
	f.size += int64(n)
	return n, err
}

func (f *logFile) full(more int) bool {
	return f.maxBytes > 0 && f.backups > 0 && f.size > 0 && f.info.Mode().IsRegular() && f.size+int64(more) >= f.maxBytes
}

func (f *logFile) moved() bool {
	now, err := os.Stat(f.path)
	return err != nil || !os.SameFile(now, f.info)
}

func (f *logFile) rotate() error {
	if err := f.Close(); err != nil {
		return err
	}
	for i := f.backups - 1; i >= 0; i-- {
		from := f.backup(i)
		if _, err := os.Lstat(from); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		_ = os.Remove(f.backup(i + 1)) // some systems rename onto no file that is there
		if err := os.Rename(from, f.backup(i+1)); err != nil {
			return errors.Join(err, f.open())
		}
	}
	return f.open()
}

func (f *logFile) backup(i int) string {
	if i == 0 {
		return f.path
	}
	return f.path + "." + strconv.Itoa(i)
}

// Close closes the file. A later Write opens it again.
func (f *logFile) Close() error {
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	f.file = nil
	return err
}
