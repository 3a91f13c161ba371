export { createApiKey } from './api-key.ts'
export { dbgptAuth, dbgptAuth as default } from './plugin.ts'
export { MemoryKeyStore } from './store/memory.ts'
export type {
  ApiKey, ApiKeyEvent, ApiKeyInit, DbgptAuthOptions, ErrorFormat, ErrorFormatter, GetKey, KeyStore, LogLevel,
  ManagedKeyStore, RejectionInfo, RejectionReason, VerificationError, VerifyApiKey
} from './types.ts'
