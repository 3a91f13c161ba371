type Reasons = Readonly<Record<string, string>>

const COMMON: Reasons = {
  EISDIR: 'it is a folder',
  ENXIO: 'it is a socket',
  ELOOP: 'its symbolic links lead in a circle',
  ENAMETOOLONG: 'its name is too long',
  ENOTDIR: 'what should be one of its folders is none',
  EIO: 'the disk, or the network behind it, fails',
  EMFILE: 'this process has too many files open',
  ENFILE: 'the system has too many files open'
}

const REASONS: Readonly<Record<'read' | 'write' | 'append', Reasons>> = {
  read: {
    ...COMMON,
    ENOENT: 'there is no such file: is the path right, and is it mounted?',
    EACCES: 'this user may not read it, or not enter one of its folders: look at their modes',
    EPERM: 'the system does not let this user read it'
  },
  write: {
    ...COMMON,
    ENOENT: 'there is no such folder',
    EACCES: 'this user may not write to its folder: look at the folder\'s mode',
    EPERM: 'this user may not replace it, or not give it its owner back',
    EROFS: 'the file system is read-only: change the file where it can be written',
    ENOSPC: 'the disk is full',
    EDQUOT: 'this user has no more room on the disk',
    EBUSY: 'it is in use, or mounted by itself: mount its folder instead'
  },
  append: {
    ...COMMON,
    ENOENT: 'there is no such folder, or nothing where its symbolic link leads',
    EACCES: 'this user may not write to it, or may not make it in its folder: look at their modes',
    EPERM: 'this user may not write to it, or not give it the owner of the key file',
    EROFS: 'the file system is read-only',
    ENOSPC: 'the disk is full',
    EDQUOT: 'this user has no more room on the disk'
  }
}

/** Says in words why a file cannot be read or written; the system's code, if it has one, comes with it. */
export function reasonOf ({ code, message }: NodeJS.ErrnoException, doing: keyof typeof REASONS): string {
  if (code === undefined) return message
  const words = REASONS[doing][code]
  return words === undefined ? code : `${words} (${code})`
}
