//go:build !unix

package store

import "os"

// tryLock always succeeds: there is no portable lock here, so one process at a time should use the data folder.
func tryLock(*os.File) (bool, error) { return true, nil }

// syncDir does nothing: folders cannot be synced here.
func syncDir(string) error { return nil }
