import Media

MediaWorker.main()
