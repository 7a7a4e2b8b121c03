"""One file per output format of `restore chats`."""
