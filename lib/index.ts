export { createApiKey } from './api-key.ts'
export { generateApiKey, hashApiKey, isMistypedApiKey } from './generate.ts'
export { dbgptAuth, dbgptAuth as default } from './plugin.ts'
export { FileKeyStore } from './store/file.ts'
export { MemoryKeyStore } from './store/memory.ts'
export type {
  ApiKey, ApiKeyEvent, ApiKeyInit, DbgptAuthOptions, ErrorFormat, ErrorFormatter, GetKey, KeyStore, KeyStoreLog, LogLevel,
  ManagedKeyStore, RejectionInfo, RejectionReason, VerificationError, VerifyApiKey
} from './types.ts'
